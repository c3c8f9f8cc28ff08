# Stops the services of this front end and says what became of them. A return of the cmdlet proves nothing; the list does.
#   module    the product's module
#   graceful  whether those who are connected may finish
param([string] $Arguments)
$a = Read-Arguments $Arguments
$services = Get-ProductServices $a.module
if (@($services | Where-Object { $_.status -ne 'Stopped' }).Count -gt 0) {
    if ($a.graceful) { Stop-CsWindowsService -Graceful -Confirm:$false | Out-Null } else { Stop-CsWindowsService -Confirm:$false | Out-Null }
    $services = Get-ProductServices $a.module
}
@{ services = $services }
