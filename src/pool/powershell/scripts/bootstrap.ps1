$ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue'
$utf8 = New-Object System.Text.UTF8Encoding $false
try { [Console]::OutputEncoding = $utf8 } catch { }
$poolrollIn = New-Object System.IO.StreamReader ([Console]::OpenStandardInput(), $utf8)
$poolrollText = $utf8.GetString([Convert]::FromBase64String($poolrollIn.ReadLine()))
. ([ScriptBlock]::Create($poolrollText))
