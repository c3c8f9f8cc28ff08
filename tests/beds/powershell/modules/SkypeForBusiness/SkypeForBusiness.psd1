@{
    RootModule = 'SkypeForBusiness.psm1'
    ModuleVersion = '0.1.0'
    GUID = 'e951a3ab-5cb5-4da2-9c72-544123af29c4'
    FunctionsToExport = '*'
    CmdletsToExport = @()
    AliasesToExport = @()
}
