# Which services of this front end are disabled, as a computer failover leaves them. Changes nothing.
#   module   the product's module
param([string] $Arguments)
$a = Read-Arguments $Arguments
$services = Get-ProductServices $a.module
$disabled = @(foreach ($service in $services) {
    $found = Get-CimInstance -ClassName Win32_Service -Filter "Name='$($service.name -replace "'", '')'"
    if ($found -and '' + $found.StartMode -eq 'Disabled') { $service.name }
})
@{ services = $services; disabled = $disabled }
